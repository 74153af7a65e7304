// Runs inside the measured page, where the clock of its frames is: handed to the browser as text, so it uses nothing from outside.

/** Puts `stopwatch` into the page. Each of its functions answers ms. */
export function installStopwatch() {
  /** Durations of presses and keys until the paint that follows, by the browser's own measure (Event Timing, in steps of 8 ms). */
  const interactions = [];
  new PerformanceObserver((list) => {
    for (const { name, duration } of list.getEntries()) if (name === 'click') interactions.push(duration);
  }).observe({ type: 'event', durationThreshold: 16, buffered: true });

  const nextPaint = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  const until = async (isThere) => {
    while (!isThere()) await new Promise(requestAnimationFrame);
    await nextPaint();
  };
  const timed = async (act, isThere) => {
    const begin = performance.now();
    act();
    await until(isThere);
    return performance.now() - begin;
  };
  const find = (selector) => document.querySelector(selector);

  globalThis.stopwatch = {
    async firstContent() {
      await until(() => performance.getEntriesByName('first-contentful-paint').length > 0);
      return performance.getEntriesByName('first-contentful-paint')[0].startTime;
    },
    /** Since the navigation began. */
    async appeared(selector) {
      await until(() => find(selector));
      return performance.now();
    },
    press: (what, thing) =>
      timed(
        () => find(what).click(),
        () => find(thing),
      ),
    type: (field, text, thing) =>
      timed(
        () => {
          const input = find(field);
          input.focus();
          input.value = text;
          input.dispatchEvent(new Event('input', { bubbles: true }));
        },
        () => find(thing),
      ),
    /** By the first column, downwards. */
    sort() {
      const first = () => find('tbody tr td')?.textContent;
      const before = first();
      return timed(
        () => find('th .sort').click(),
        () => first() !== before,
      );
    },
    interactions: () => interactions,
  };
}
