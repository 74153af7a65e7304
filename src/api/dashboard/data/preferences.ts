import { signal } from '@preact/signals';
import { applyAppearance, readPreferences, storePreferences, type Preferences } from './appearance.js';

/** The preferences of this browser. */
export const preferences = signal(readPreferences());
/** `light` or `dark`, whatever chose it; charts are drawn again when it changes. */
export const theme = signal(document.documentElement.dataset['theme']);

export function setPreferences(change: Partial<Preferences>): void {
  preferences.value = { ...preferences.value, ...change };
  storePreferences(preferences.value);
  apply();
}

function apply(): void {
  applyAppearance(preferences.value);
  theme.value = document.documentElement.dataset['theme'];
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', apply);
// Another tab has changed them.
addEventListener('storage', () => {
  preferences.value = readPreferences();
  apply();
});
