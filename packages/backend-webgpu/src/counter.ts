const calls = new Map<string, number>();

/** Notes that one of this package's kernels ran. */
export function countCall(kernelName: string): void {
  calls.set(kernelName, (calls.get(kernelName) ?? 0) + 1);
}

/** How often each kernel of this package ran since the last {@link resetKernelCalls}, by kernel name. */
export const kernelCalls = (): Readonly<Record<string, number>> => Object.fromEntries(calls);

/** Sets every count of {@link kernelCalls} back to none. */
export const resetKernelCalls = (): void => calls.clear();
