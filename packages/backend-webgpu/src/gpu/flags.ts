// The numbers of WebGPU's specification: Node has no globals for them.

export const USAGE = {
  mapRead: 1,
  mapWrite: 2,
  copySource: 4,
  copyTarget: 8,
  uniform: 64,
  storage: 128,
  queryResolve: 512,
};
export const MAP_READ = 1;
