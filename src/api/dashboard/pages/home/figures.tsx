import type { ComponentChildren } from 'preact';
import { LampShape, type LampState } from '../../components/lamp.js';
import type { Resource } from '../../data/resource.js';
import { grouped, milliseconds } from '../../format/numbers.js';
import type { SystemActivity } from '../health/system.js';

/** The fleet and the commit gate in numbers. */
export function Figures({ activity }: { readonly activity: Resource<SystemActivity> }) {
  const { data } = activity.reading.value;
  const devices = data?.devices;
  const gate = data?.commitGate;
  return (
    <div class="ledger">
      <DeviceFigure state="online" word="online" count={devices?.online} />
      <DeviceFigure state="offline" word="offline" count={devices?.offline} />
      <DeviceFigure state="never" word="never seen" count={devices?.neverSeen} />
      {(devices?.disabled ?? 0) > 0 && <DeviceFigure state="disabled" word="disabled" count={devices?.disabled} />}
      <GateFigure word="commit gate, p50" seconds={gate?.p50Seconds} />
      <GateFigure word="commit gate, p99" seconds={gate?.p99Seconds} />
    </div>
  );
}

function DeviceFigure(props: { readonly state: LampState; readonly word: string; readonly count: number | undefined }) {
  const { state, word, count } = props;
  return (
    <Entry href={`/devices?state=${state}`} label={word} lamp={state}>
      {count === undefined ? '–' : grouped(count)}
    </Entry>
  );
}

function GateFigure({ word, seconds }: { readonly word: string; readonly seconds: number | undefined }) {
  const [figure, unit] = seconds === undefined ? ['–', ''] : milliseconds(seconds * 1000);
  return (
    <Entry href="/health" label={word}>
      {figure}
      <span class="ledger-unit">{unit}</span>
    </Entry>
  );
}

function Entry(props: {
  readonly href: string;
  readonly label: string;
  readonly lamp?: LampState;
  readonly children: ComponentChildren;
}) {
  return (
    <a class="ledger-entry" href={props.href}>
      <span class="ledger-figure">{props.children}</span>
      <span class="ledger-label" data-state={props.lamp}>
        {props.lamp && <LampShape state={props.lamp} />}
        {props.label}
      </span>
    </a>
  );
}
