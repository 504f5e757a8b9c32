/** A worker's answer to its first message. */
export function inWorker<Answer>(worker: Worker, message: unknown): Promise<Answer> {
  return new Promise<Answer>((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(message);
  }).finally(() => worker.terminate());
}
