import { useSignal } from '@preact/signals';
import { faultAt, useAttempt } from '../../components/attempt.js';
import { Field } from '../../components/field.js';
import { FormDialog } from '../../components/form-dialog.js';
import { Segmented } from '../../components/segmented.js';
import { confirmDone } from '../../components/toast.js';
import { patch, RequestFailed, type Schema } from '../../data/client.js';
import { counted } from '../../format/numbers.js';
import {
  deviceChanges,
  draftChanges,
  draftFaults,
  draftOf,
  patchOf,
  type Change,
  type DeviceDraft,
} from './device-draft.js';
import type { Device } from './device-state.js';
import { EditConflict } from './edit-conflict.js';

export interface EditDeviceProps {
  readonly device: Device;
  readonly onSaved: (device: Device) => void;
  readonly onClose: () => void;
}

/** Of a refusal with `VERSION_CONFLICT`: the device as it is, and what has changed it meanwhile. */
interface Conflict {
  readonly current: Device;
  readonly events: readonly Schema<'ConflictEvent'>[];
}

/**
 * Changes what people know of a device. It is sent against the revision that was read: when somebody else was faster, nothing is
 * written, and what was typed stands beside what they wrote (Failure 8).
 */
export function EditDevice({ device: given, onSaved, onClose }: EditDeviceProps) {
  // What the form began with: the page reads the device again and again, and the draft stays against this.
  const { value: base } = useSignal(given);
  const first = draftOf(base);
  const fields = {
    name: useSignal(first.name),
    type: useSignal(first.type),
    tags: useSignal(first.tags),
    attributes: useSignal(first.attributes),
    interval: useSignal(first.interval),
    grace: useSignal(first.grace),
  };
  const enabled = useSignal(first.enabled);
  const refused = useSignal<Conflict | undefined>(undefined);
  const attempt = useAttempt();
  const draft: DeviceDraft = {
    name: fields.name.value,
    type: fields.type.value,
    tags: fields.tags.value,
    attributes: fields.attributes.value,
    interval: fields.interval.value,
    grace: fields.grace.value,
    enabled: enabled.value,
  };
  const faults = draftFaults(draft);
  const sound = Object.keys(faults).length === 0;
  const yours = sound ? draftChanges(base, draft) : [];
  const problem = attempt.problem.value;

  const save = async (changes: readonly Change[], revision: number): Promise<void> => {
    try {
      const path = { deviceId: given.id };
      const saved = await patch('/api/v1/devices/{deviceId}', { path, body: patchOf(changes), revision });
      onSaved(saved);
      confirmDone(`${given.id} is changed.`);
      onClose();
    } catch (error) {
      const { current, events = [] } = error instanceof RequestFailed ? error.problem : {};
      if (current === undefined) throw error;
      refused.value = { current: current as unknown as Device, events };
    }
  };
  if (refused.value) {
    const { current, events } = refused.value;
    return (
      <EditConflict
        base={base}
        events={events}
        theirs={deviceChanges(base, current)}
        yours={yours}
        onSave={(changes) => save(changes, current.revision)}
        onTheirs={() => {
          onSaved(current);
          onClose();
        }}
        onClose={() => (refused.value = undefined)}
      />
    );
  }
  return (
    <FormDialog
      title={`Edit ${given.id}`}
      act={yours.length === 0 ? 'Save' : `Save ${counted(yours.length, 'change')}`}
      needs="admin"
      ready={yours.length > 0}
      attempt={attempt}
      onSubmit={() => save(yours, base.revision)}
      onClose={onClose}
    >
      <Field label="Name" value={fields.name} fault={faultAt(problem, '/name')} />
      <Field label="Type" value={fields.type} note="Devices of a type are alike." fault={faultAt(problem, '/type')} />
      <Field label="Tags" value={fields.tags} note="With commas between them." fault={faultAt(problem, '/tags')} />
      <Field
        label="Attributes (JSON)"
        value={fields.attributes}
        multiline
        fault={faults.attributes ?? faultAt(problem, '/attributes')}
      />
      <div class="columns-even columns">
        <Field
          label="Heartbeat interval, s"
          value={fields.interval}
          note="The silence that is normal."
          fault={faults.interval ?? faultAt(problem, '/heartbeat/interval')}
        />
        <Field
          label="Grace, s"
          value={fields.grace}
          note="How much more is borne."
          fault={faults.grace ?? faultAt(problem, '/heartbeat/grace')}
        />
      </div>
      <div class="field">
        <span class="field-label">Connections</span>
        <Segmented
          label="Connections"
          options={[
            { value: 'enabled', word: 'Enabled' },
            { value: 'disabled', word: 'Disabled' },
          ]}
          value={enabled.value ? 'enabled' : 'disabled'}
          onChange={(value) => (enabled.value = value === 'enabled')}
        />
        {!enabled.value && (
          <p class="field-note">It is disconnected, and refused until somebody enables it again. Nothing is deleted.</p>
        )}
      </div>
    </FormDialog>
  );
}
