// What the browser remembers between visits. One that keeps nothing is no reason to stop.

export function remember(key, value) {
  try {
    localStorage.setItem(`glow-studio-${key}`, value);
  } catch {
    // not kept
  }
}

export function recall(key) {
  try {
    return localStorage.getItem(`glow-studio-${key}`);
  } catch {
    return null;
  }
}
