import { useEffect } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso/router';
import { Dialog } from '../components/dialog.js';
import { paused } from '../data/live.js';
import { preferences } from '../data/preferences.js';

/** Second keys after `g`, and the page that each opens. */
const PAGES: Readonly<Record<string, readonly [path: string, word: string]>> = {
  h: ['/', 'Home'],
  d: ['/devices', 'Devices'],
  e: ['/events', 'Events'],
  c: ['/certificates', 'Certificates'],
  s: ['/health', 'Health'],
  t: ['/settings', 'Settings'],
};
const SECOND_KEY_MS = 1500;

/** The keys that work on every page, and the list of all under `?`. Off while somebody types. */
export function Shortcuts() {
  const { route } = useLocation();
  const helping = useSignal(false);
  useEffect(() => {
    let goUntil = 0;
    const onKey = (event: KeyboardEvent): void => {
      if (!preferences.value.shortcuts || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target))
        return;
      const page = Date.now() < goUntil ? PAGES[event.key] : undefined;
      goUntil = 0;
      if (page) route(page[0]);
      else if (event.key === 'g') goUntil = Date.now() + SECOND_KEY_MS;
      else if (event.key === '?') helping.value = true;
      else if (event.key === 'p') paused.value = !paused.value;
      else if (event.key === '/') focusSearch();
      else if (event.key === 'j' || event.key === 'k') moveRow(event.key === 'j' ? 1 : -1);
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [route, helping]);
  return helping.value ? <Help onClose={() => (helping.value = false)} /> : null;
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.closest('input:not([type=radio], [type=checkbox]), textarea, select, dialog') !== null
  );
}

function focusSearch(): void {
  document.querySelector<HTMLInputElement>('input[type=search]')?.focus();
}

/** Moves the focus through what a list's rows lead to; `Enter` is the link's own. */
function moveRow(by: 1 | -1): void {
  const links = [...document.querySelectorAll<HTMLElement>('[data-row-link]')];
  const at = links.findIndex((link) => link === document.activeElement);
  links[at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.max(0, Math.min(links.length - 1, at + by))]?.focus();
}

const KEYS: readonly (readonly [keys: readonly string[], meaning: string])[] = [
  [['/'], 'Search'],
  [['j', 'k'], 'Next, previous row'],
  [['Enter'], 'Open the row'],
  [['x'], 'Select the row, or not'],
  [['p'], 'Pause the live view, or go on'],
  [['Esc'], 'Close'],
  [['?'], 'This list'],
];

function Help({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <dl class="keys">
        {[...KEYS, ...Object.entries(PAGES).map(([key, [, word]]) => [['g', key], `Go to ${word}`] as const)].map(
          ([keys, meaning]) => (
            <>
              <dt class="nowrap">
                {keys.map((key) => (
                  <>
                    <kbd>{key}</kbd>{' '}
                  </>
                ))}
              </dt>
              <dd>{meaning}</dd>
            </>
          ),
        )}
      </dl>
      <p class="faint">Off while you type; Settings can switch them off altogether.</p>
    </Dialog>
  );
}
