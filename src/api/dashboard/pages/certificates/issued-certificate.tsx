import { Button } from '../../components/button.js';
import { Code } from '../../components/code.js';
import { download } from '../../data/download.js';
import { Fingerprint } from '../../components/fingerprint.js';
import { preferences } from '../../data/preferences.js';
import { day } from '../../format/times.js';
import { Bundle } from './bundle.js';
import type { Issued } from './issue-form.js';

/** A certificate that was just issued, and the way to get it. */
export function IssuedCertificate({ device, issued }: { readonly device: string; readonly issued: Issued }) {
  return (
    <>
      <p class="page-actions">
        <Fingerprint of={issued.fingerprint} />
        <span class="quiet">
          for {device}, valid until {day(Date.parse(issued.notAfter), preferences.value.zone)}
        </span>
      </p>
      {issued.bundle === undefined ? (
        <>
          <Code label="certificate" text={issued.certificate} />
          <p class="page-actions">
            <Button
              kind="primary"
              icon="download"
              label="Download certificate.pem"
              onPress={() => download('certificate.pem', new Blob([issued.certificate]))}
            />
            <Button icon="download" label="Download ca.pem" onPress={() => download('ca.pem', new Blob([issued.ca]))} />
          </p>
        </>
      ) : (
        <Bundle device={device} path={issued.bundle} />
      )}
    </>
  );
}
