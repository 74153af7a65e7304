import type { ComponentChildren } from 'preact';
import { Panel } from '../../components/panel.js';
import { Segmented, type SegmentedProps } from '../../components/segmented.js';
import { now } from '../../data/clock.js';
import { preferences, setPreferences } from '../../data/preferences.js';
import { absolute } from '../../format/times.js';
import { SettingsFrame } from './settings-frame.js';

/** How the dashboard looks and answers in this browser. Nothing of it leaves the browser. */
export function PreferencesPage() {
  const { theme, density, zone, shortcuts } = preferences.value;
  return (
    <SettingsFrame title="Preferences" lead="They stay in this browser, and hold at once.">
      <div class="columns columns-even">
        <Panel title="Look">
          <Choice
            label="Theme"
            value={theme}
            options={[
              { value: 'system', word: 'As the system' },
              { value: 'light', word: 'Light' },
              { value: 'dark', word: 'Dark' },
            ]}
            onChange={(chosen) => setPreferences({ theme: chosen })}
          >
            Follows the system, or stays as it is chosen here.
          </Choice>
          <Choice
            label="Density"
            value={density}
            options={[
              { value: 'normal', word: 'Normal' },
              { value: 'compact', word: 'Compact' },
            ]}
            onChange={(chosen) => setPreferences({ density: chosen })}
          >
            Rows of tables and timelines are 32 or 26 px high.
          </Choice>
        </Panel>
        <Panel title="Reading and typing">
          <Choice
            label="Time zone"
            value={zone}
            options={[
              { value: 'local', word: 'Local' },
              { value: 'utc', word: 'UTC' },
            ]}
            onChange={(chosen) => setPreferences({ zone: chosen })}
          >
            It is <code>{absolute(now.value, zone)}</code>. The journal itself keeps UTC.
          </Choice>
          <Choice
            label="Keyboard shortcuts"
            value={shortcuts ? 'on' : 'off'}
            options={[
              { value: 'on', word: 'On' },
              { value: 'off', word: 'Off' },
            ]}
            onChange={(chosen) => setPreferences({ shortcuts: chosen === 'on' })}
          >
            {shortcuts ? (
              <>
                <kbd>?</kbd> lists them. Switch them off when other software uses single keys.
              </>
            ) : (
              'Off. Tab, Enter, Esc and the arrow keys go on working.'
            )}
          </Choice>
        </Panel>
      </div>
    </SettingsFrame>
  );
}

function Choice<Value extends string>(props: SegmentedProps<Value> & { readonly children: ComponentChildren }) {
  const { children, ...segmented } = props;
  return (
    <div class="choice">
      <div>
        <h3>{props.label}</h3>
        <p class="quiet">{children}</p>
      </div>
      <Segmented {...segmented} />
    </div>
  );
}
