// Follows a run's stream of metrics, and connects again when it breaks.

import { ApiError, getRunMetrics, pause } from "./api.js";
import { readEvents } from "./stream.js";

const longestPause = 30;

// Calls `listener.start()` when a stream begins anew, `listener.event({ event, data })`, `listener.end()` when the
// run has been sent whole, and `listener.broke(error, seconds)` when it tries again after so many seconds.
// Returns the function that stops it.
export function follow(id, listener) {
  const abort = new AbortController();
  const { signal } = abort;
  (async () => {
    for (let seconds = 1; !signal.aborted; seconds = Math.min(2 * seconds, longestPause)) {
      try {
        const hasEnded = await readStream(id, signal, (event) => {
          seconds = 0.5;
          listener.event(event);
        }, listener.start);
        if (signal.aborted) return;
        if (hasEnded) return listener.end();
        throw new ApiError("The stream broke off.");
      } catch (error) {
        if (signal.aborted) return;
        const known = error instanceof ApiError ? error : new ApiError("The stream broke off.");
        if (known.status === 404) return listener.broke(known, null);
        listener.broke(known, Math.ceil(seconds));
        await pause(1000 * seconds);
      }
    }
  })();
  return () => abort.abort();
}

// Whether the run has been sent whole.
async function readStream(id, signal, onEvent, onStart) {
  const response = await getRunMetrics(id, signal);
  onStart();
  for await (const event of readEvents(response)) {
    if (signal.aborted) return false;
    if (event.event === "end") return true;
    onEvent(event);
  }
  return false;
}
