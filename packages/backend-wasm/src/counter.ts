const calls = new Map<string, number>();

/** Notes that one of this package's own kernels ran. */
export function countCall(kernelName: string): void {
  calls.set(kernelName, (calls.get(kernelName) ?? 0) + 1);
}

/**
 * How often each kernel of THIS package ran since the last {@link resetKernelCalls}, by kernel name: stock names such as
 * `Conv3D` and `Crln*` names. A stock kernel that was only copied from the `cpu` backend does not count, so a test can prove
 * that the fast path was taken.
 */
export function kernelCalls(): Readonly<Record<string, number>> {
  return Object.fromEntries(calls);
}

/** Sets every count of {@link kernelCalls} back to none. */
export function resetKernelCalls(): void {
  calls.clear();
}
