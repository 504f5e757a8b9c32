/** Lets the event loop turn once: timers, signals and pages get their time between iterations. */
export function pause(): Promise<void> {
  const { setImmediate: immediate } = globalThis as { setImmediate?: (callback: () => void) => unknown };
  if (immediate) return new Promise((resolve) => void immediate(resolve));
  // In a page: a timer would wait at least 4 ms.
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
