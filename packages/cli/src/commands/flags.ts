/** Flags that several commands have. */
export const checkpoint = {
  type: 'string',
  default: 'last',
  valueHint: 'last|best|best-on-test|N',
  description: 'Which weights',
} as const;

export const backend = {
  type: 'string',
  valueHint: 'NAME',
  description: 'auto, wasm, webgpu, tensorflow or cpu (default: auto)',
} as const;

export const threads = {
  type: 'string',
  valueHint: 'N',
  description: 'Threads of the backend wasm, any number with the same result (default: all cores)',
} as const;

const PRECISIONS: string[] = ['f32', 'f16'];

export const precision = {
  type: 'enum',
  options: PRECISIONS,
  description: 'How the backend webgpu stores activations: f16 takes half the memory (default: f32)',
} as const;

export const tiles = {
  type: 'string',
  valueHint: 'FILE.json',
  description: 'Sizes of the kernels of the backend webgpu, as crln bench --tune measured them on this GPU',
} as const;

/** @param example a setting that one would change here */
export const set = (example: string) =>
  ({ type: 'string', valueHint: 'key.path=value', description: `Another setting, such as ${example}` }) as const;
