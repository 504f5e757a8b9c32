import { CrlnError } from '@crln/core';
import { type Element, type Shader, type ShaderSource, shader } from './shader.js';

/** How elements of four bytes lie in two. */
const HALF: Partial<Record<Element, Element>> = { f32: 'f16', 'vec4<f32>': 'vec4<f16>' };

/** Whether a binding can be stored in half precision. */
const hasHalf = (element: Element): boolean => HALF[element] !== undefined;

/**
 * The shader for bindings of these names that lie in memory as f16. It computes in f32 all the same: what it reads of them is widened, what it
 * writes into them is rounded. The author of a kernel need not know.
 */
export function withHalves(of: Shader, names: readonly string[]): Shader {
  return shader(`${of.key} f16(${names})`, () => {
    const { inputs = {}, outputs, declarations = '', body } = of;
    const elements = new Map(names.map((name) => [name, elementOf(name, { ...inputs, ...outputs })]));
    return {
      ...of,
      inputs: stored(inputs, elements),
      outputs: stored(outputs, elements),
      enables: [...(of.enables ?? []), 'f16'],
      declarations: rewritten(declarations, elements),
      body: rewritten(body, elements),
    } satisfies ShaderSource;
  });
}

type Elements = ReadonlyMap<string, Element>;

function elementOf(name: string, bindings: Record<string, Element>): Element {
  const element = bindings[name];
  if (!element || !hasHalf(element)) throw internal(`${name} of ${element} has no half precision`);
  return element;
}

const stored = (bindings: Record<string, Element>, elements: Elements): Record<string, Element> =>
  Object.fromEntries(Object.entries(bindings).map(([name, own]) => [name, elements.has(name) ? HALF[own]! : own]));

/** What may follow an element that is written: a component of it, and how it is assigned. */
const ASSIGNMENT = /^((?:\.[xyzw]|\[\w+\])?)\s*([-+*/]?=)(?!=)\s*/;

/** WGSL in which every `name[index]` of these arrays is converted where it is read and where it is written. */
function rewritten(code: string, elements: Elements): string {
  const access = new RegExp(`(?<![.\\w])(${[...elements.keys()].join('|')})\\[`, 'g');
  let result = '';
  let from = 0;
  for (let match = access.exec(code); match; match = access.exec(code)) {
    const name = match[1]!;
    const begin = access.lastIndex;
    const end = closing(code, begin, ']');
    const place = `${name}[${rewritten(code.slice(begin, end), elements)}]`;
    const element = elements.get(name)!;
    const [all, component = '', operator] = ASSIGNMENT.exec(code.slice(end + 1)) ?? [];
    result += code.slice(from, match.index);
    if (all === undefined) {
      result += `${element}(${place})`;
      from = end + 1;
    } else {
      const start = end + 1 + all.length;
      const stop = closing(code, start, ';');
      const value = rewritten(code.slice(start, stop), elements);
      const [wide, narrow] = component === '' ? [element, HALF[element]] : ['f32', 'f16'];
      const target = `${place}${component}`;
      const sum = operator === '=' ? value : `${wide}(${target}) ${operator![0]} (${value})`;
      result += `${target} = ${narrow}(${sum})`;
      from = stop;
    }
    access.lastIndex = from;
  }
  return result + code.slice(from);
}

/** Where what is open at `from` is closed: the next `]` or `;` outside of further brackets. */
function closing(code: string, from: number, mark: ']' | ';'): number {
  let depth = 0;
  for (let at = from; at < code.length; at++) {
    const character = code[at]!;
    if (depth === 0 && character === mark) return at;
    if ('([{'.includes(character)) depth++;
    else if (')]}'.includes(character)) depth--;
  }
  throw internal(`no ${mark} after: ${code.slice(from, from + 80)}`);
}

const internal = (what: string) => new CrlnError('internal', `crln-webgpu: shader in half precision: ${what}`);
