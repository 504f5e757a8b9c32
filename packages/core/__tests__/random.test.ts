import { expect, it } from 'vitest';
import { stream } from '../src/index.js';

it('gives the same numbers for the same seed, purpose, iteration and sample', () => {
  expect(stream(1, 'patch', 2, 3).uniforms(5)).toEqual(stream(1, 'patch', 2, 3).uniforms(5));
});

it.each([
  ['seed', stream(2, 'patch', 2, 3)],
  ['purpose', stream(1, 'noise', 2, 3)],
  ['iteration', stream(1, 'patch', 3, 3)],
  ['sample', stream(1, 'patch', 2, 4)],
])('another %s gives other numbers', (_, other) => {
  expect(other.uniforms(3)).not.toEqual(stream(1, 'patch', 2, 3).uniforms(3));
});

it('draws normals of mean 0 and variance 1, uniforms over [0, 1), and Beta(4, 4) around one half', () => {
  const r = stream(0, 'moments');
  const normals = r.normals(20_000);
  const mean = normals.reduce((s, v) => s + v, 0) / normals.length;
  expect(Math.abs(mean)).toBeLessThan(0.03);
  expect(Math.abs(normals.reduce((s, v) => s + v * v, 0) / normals.length - 1)).toBeLessThan(0.05);
  const betas = Array.from({ length: 5000 }, () => r.beta(4, 4));
  expect(Math.abs(betas.reduce((s, v) => s + v, 0) / betas.length - 0.5)).toBeLessThan(0.01);
  const variance = betas.reduce((s, v) => s + (v - 0.5) ** 2, 0) / betas.length;
  expect(Math.abs(variance - 1 / 36)).toBeLessThan(0.003);
});

it('permutes without loss', () => {
  expect([...stream(5, 'permutation').permutation(50)].sort((a, b) => a - b)).toEqual(
    Array.from({ length: 50 }, (_, i) => i),
  );
});

it('neighbouring iterations are uncorrelated', () => {
  const first = Array.from({ length: 4000 }, (_, i) => stream(7, 'flip', i).uniform());
  const mean = first.reduce((s, v) => s + v, 0) / first.length;
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.02);
  const lag = first.slice(1).reduce((s, v, i) => s + (v - 0.5) * (first[i]! - 0.5), 0) / first.length;
  expect(Math.abs(lag * 12)).toBeLessThan(0.06);
});
