import { useSignal } from '@preact/signals';
import { useAttempt } from '../../components/attempt.js';
import { Button } from '../../components/button.js';
import { download } from '../../data/download.js';
import { ProblemNote } from '../../components/problem-note.js';
import { reach } from '../../data/client.js';

/** The one download of a key that the server made. Asked again, the server refuses, and says so here. */
export function Bundle({ device, path }: { readonly device: string; readonly path: string }) {
  const taken = useSignal(false);
  const attempt = useAttempt();
  const problem = attempt.problem.value;
  const fetchBundle = (): Promise<void> =>
    attempt.run(async () => {
      const response = await reach(path, {});
      download(`${device}.zip`, await response.blob());
      taken.value = true;
    });
  return (
    <>
      <p class="quiet" role="status">
        {taken.value
          ? 'Downloaded. The server has forgotten the key; a second download is refused.'
          : 'certificate.pem, private-key.pem, ca.pem and a README. Once, within ten minutes.'}
      </p>
      {problem && <ProblemNote problem={problem} />}
      <p>
        <Button
          kind={taken.value ? 'secondary' : 'primary'}
          icon="download"
          label={taken.value ? 'Download again' : 'Download the bundle'}
          busy={attempt.busy.value}
          onPress={() => void fetchBundle()}
        />
      </p>
    </>
  );
}
