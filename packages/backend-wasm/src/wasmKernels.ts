/** The functions that `assembly/index.ts` exports; see there for what they compute. Pointers are byte offsets. */
export interface WasmKernels {
  placeholder(): number;
}
