import { Badge } from '../../components/badge.js';
import { Code } from '../../components/code.js';
import { Copyable } from '../../components/copy.js';
import { CERTIFICATE_STATES, CredentialLamp } from '../../components/credential-lamp.js';
import { Fact } from '../../components/fact.js';
import { Fingerprint, WholeFingerprint } from '../../components/fingerprint.js';
import { Icon, type IconName } from '../../components/icon.js';
import { Lamp, type LampState } from '../../components/lamp.js';
import { Panel } from '../../components/panel.js';
import { Sparkline } from '../../components/sparkline.js';
import { Time } from '../../components/time.js';
import icons from '../../icons.json';
import { FINGERPRINT, NOW, SERIES } from './samples.js';

const LAMPS: readonly LampState[] = ['online', 'offline', 'silent', 'never', 'disabled'];

/** What is said in a word or a line. */
export function Words() {
  return (
    <Panel title="Words" note="shape and word, never colour alone">
      <div class="form">
        <p class="page-actions">
          {LAMPS.map((state) => (
            <Lamp key={state} state={state} />
          ))}
        </p>
        <p class="page-actions">
          {CERTIFICATE_STATES.map((state) => (
            <CredentialLamp key={state} of={{ state }} />
          ))}
        </p>
        <p class="page-actions">
          <Badge>weather-station</Badge>
          <Badge tone="good">active</Badge>
          <Badge tone="warn">expires in 12 d</Badge>
          <Badge tone="bad">revoked</Badge>
          <Badge tone="accent">waiting 3 min</Badge>
        </p>
        <dl class="facts">
          <Fact title="Certificate">
            <Fingerprint of={FINGERPRINT} />
          </Fact>
          <Fact title="Issued">
            <Time at={NOW - 180_000} />
          </Fact>
          <Fact title="Stream">
            <Copyable text="device/default/pump-7" what="stream" />
          </Fact>
        </dl>
        <WholeFingerprint of={FINGERPRINT} />
        <Sparkline values={SERIES[0]?.values.map((value) => value ?? 0) ?? []} />
        <Code label="the line" text="npx fleetlog events tail --device seattle-2012" />
        <p class="page-actions">
          {(Object.keys(icons) as IconName[]).map((name) => (
            <Icon key={name} name={name} />
          ))}
        </p>
      </div>
    </Panel>
  );
}
