import { signal } from '@preact/signals';

/** ms since 1970, once a second while the page is seen: whatever shows an age reads it. */
export const now = signal(Date.now());

setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 1000);
