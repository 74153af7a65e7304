import { Fact } from '../../components/fact.js';
import { WholeFingerprint } from '../../components/fingerprint.js';
import { Icon } from '../../components/icon.js';
import { Loaded } from '../../components/loaded.js';
import { Panel } from '../../components/panel.js';
import { get } from '../../data/client.js';
import { preferences } from '../../data/preferences.js';
import { useResource } from '../../data/resource.js';
import { day } from '../../format/times.js';
import { ExpiryTime } from './expiry-time.js';

/** Whom devices and the platform both trust. */
export function AuthorityCard() {
  const authority = useResource((signal) => get('/api/v1/system/authority', { signal }), []);
  return (
    <Panel
      title="Certificate authority"
      note={
        <a class="button" href="/ca.pem" download="ca.pem">
          <Icon name="download" />
          ca.pem
        </a>
      }
    >
      <Loaded of={authority}>
        {({ subject, fingerprint, notBefore, notAfter }) => (
          <dl class="facts facts-wide">
            <Fact title="Subject">
              <code>{subject}</code>
            </Fact>
            <Fact title="Valid">
              {day(Date.parse(notBefore), preferences.value.zone)} to <ExpiryTime at={notAfter} />
            </Fact>
            <Fact title="Fingerprint (SHA-256)">
              <WholeFingerprint of={fingerprint} />
            </Fact>
            <Fact title="Revocation list">
              None is needed: what is revoked here is refused at once, and open connections end.
            </Fact>
          </dl>
        )}
      </Loaded>
    </Panel>
  );
}
