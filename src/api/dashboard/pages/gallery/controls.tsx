import { signal } from '@preact/signals';
import { Button } from '../../components/button.js';
import { ChipFilter } from '../../components/chip-filter.js';
import { Field } from '../../components/field.js';
import { FileChoice } from '../../components/file-choice.js';
import { FilterField } from '../../components/filter-field.js';
import { Menu } from '../../components/menu.js';
import { Panel } from '../../components/panel.js';
import { PauseButton } from '../../components/pause-button.js';
import { Search } from '../../components/search.js';
import { Segmented } from '../../components/segmented.js';
import { Select } from '../../components/select.js';
import { confirmDone } from '../../components/toast.js';

const name = signal('pump-7');
const wrong = signal('pump 7');
const request = signal('');
const state = signal<readonly string[]>(['online']);
const span = signal<'15m' | '1h' | '24h'>('15m');

/** What is pressed, typed or chosen. */
export function Controls() {
  return (
    <Panel title="Controls">
      <div class="form">
        <div class="page-actions">
          <Button label="Secondary" />
          <Button kind="quiet" label="Quiet" />
          <Button kind="danger" label="Revoke" />
          <Button label="Busy" busy />
          <Button label="Disabled" disabled />
          <Button label="Copy" icon="copy" onPress={() => confirmDone('Copied')} />
          <Button label="Edit" icon="edit" iconOnly />
          <PauseButton />
          <Menu label="Menu">
            <p>A small sheet.</p>
          </Menu>
        </div>
        <Field label="Device id" value={name} note="Letters, digits, dots, dashes." />
        <Field label="Device id" value={wrong} fault="A space can not be part of an id." />
        <div class="page-actions">
          <Search label="Search" value="" onChange={() => undefined} />
        </div>
        <FilterField
          label="Condition in CEL"
          value="device.tags &&"
          mono
          fault="The expression ends too early (column 15)."
          onChange={() => undefined}
        />
        <FilterField label="From" value="2026-02-03T14:03:12" dated onChange={() => undefined} />
        <ChipFilter
          label="State"
          options={[
            { value: 'online', word: 'online', count: '18' },
            { value: 'offline', word: 'offline', count: '2' },
          ]}
          chosen={state.value}
          onChange={(chosen) => (state.value = chosen)}
        />
        <div class="page-actions">
          <Segmented
            label="Range"
            options={[
              { value: '15m', word: '15 min' },
              { value: '1h', word: '1 h' },
              { value: '24h', word: '24 h' },
            ]}
            value={span.value}
            onChange={(value) => (span.value = value)}
          />
          <Select
            label="Rows"
            unlabelled
            options={[{ value: '50', word: '50 on a page' }]}
            value="50"
            onChange={() => undefined}
          />
          <FileChoice label="Read a file" accept=".pem" text={request} />
        </div>
      </div>
    </Panel>
  );
}
