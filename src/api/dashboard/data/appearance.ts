/** What a user has chosen in Settings; it stays in this browser. */
export interface Preferences {
  readonly theme: 'system' | 'light' | 'dark';
  readonly density: 'normal' | 'compact';
  readonly zone: 'local' | 'utc';
  readonly shortcuts: boolean;
  /** Rows of the fleet list. */
  readonly pageSize: 25 | 50 | 100 | 250;
  /** The tour of links on Home. */
  readonly tourDismissed: boolean;
}

const KEY = 'fleetlog.preferences';
const DEFAULTS: Preferences = {
  theme: 'system',
  density: 'normal',
  zone: 'local',
  shortcuts: true,
  pageSize: 50,
  tourDismissed: false,
};

/** What was stored before; whatever can not be read counts as not chosen. */
export function readPreferences(): Preferences {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Preferences>) };
  } catch {
    return DEFAULTS;
  }
}

export function storePreferences(preferences: Preferences): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // A browser that stores nothing keeps them as long as the page lives.
  }
}

/** Sets theme and density on the root element. */
export function applyAppearance({ theme, density }: Preferences): void {
  const dark = theme === 'dark' || (theme === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
  document.documentElement.dataset['density'] = density;
}
