import { useRef } from 'preact/hooks';
import { Icon } from '../../components/icon.js';
import { Loaded } from '../../components/loaded.js';
import { Panel } from '../../components/panel.js';
import { Time } from '../../components/time.js';
import { useResource, type Resource } from '../../data/resource.js';
import { readReadiness } from '../health/parts.js';
import type { Readiness, SystemActivity, SystemStatus } from '../health/system.js';
import { concernsOf, type Concern } from './concerns.js';
import { readExpiring } from '../certificates/expiring.js';

const EVERY_MS = 2000;
const EXPIRING_EVERY_MS = 10 * 60 * 1000;

/** What somebody should look at, the worst first. Nothing is shown of what is well. */
export function Attention(props: {
  readonly system: Resource<SystemStatus>;
  readonly activity: Resource<SystemActivity>;
}) {
  const readiness = useResource(readReadiness, [], EVERY_MS);
  return (
    <Panel title="Needs attention">
      <Loaded of={readiness} lines={1}>
        {(ready) => <Concerns ready={ready} {...props} />}
      </Loaded>
    </Panel>
  );
}

function Concerns(props: {
  readonly ready: Readiness;
  readonly system: Resource<SystemStatus>;
  readonly activity: Resource<SystemActivity>;
}) {
  // Asked for once the page stands: certificates are in no hurry.
  const { data: expiring } = useResource(readExpiring, [], EXPIRING_EVERY_MS).reading.value;
  const memory = useRef<readonly Concern[]>([]);
  const { data: status } = props.system.reading.value;
  const { data: activity } = props.activity.reading.value;
  const facts = { ready: props.ready, status, activity, expiring, before: memory.current, now: Date.now() };
  const concerns = concernsOf(facts);
  memory.current = concerns;
  const unknown = props.system.reading.value.problem ?? props.activity.reading.value.problem;
  if (concerns.length === 0)
    return unknown !== undefined ? (
      <p class="all-well">
        <span class="warn">
          <Icon name="alert" />
        </span>
        Not all of it is known: {unknown.title}.
      </p>
    ) : (
      <p class="all-well">
        <Icon name="check" />
        Nothing. Every part works, and no device is in trouble.
      </p>
    );
  return (
    <ul class="attentions">
      {concerns.map((concern) => (
        <Row key={concern.key} concern={concern} />
      ))}
    </ul>
  );
}

function Row({ concern }: { readonly concern: Concern }) {
  const { tone, title, detail, since, href, count } = concern;
  return (
    <li class="attention" data-tone={tone}>
      <Icon name={tone === 'bad' ? 'problem' : 'alert'} />
      <span>
        <a href={href}>{title}</a> <span class="quiet">{detail}</span>
      </span>
      <span class="number">{count}</span>
      <span class="faint number">
        <Time at={since} />
      </span>
    </li>
  );
}
