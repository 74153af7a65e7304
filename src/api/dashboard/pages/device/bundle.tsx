import { useSignal } from '@preact/signals';
import { Button } from '../../components/button.js';
import { ProblemNote } from '../../components/problem-note.js';
import { reach, toProblem, type Problem } from '../../data/client.js';

/** The one download of a key that the server made. */
export function Bundle({ device, path }: { readonly device: string; readonly path: string }) {
  const state = useSignal<'ready' | 'busy' | 'taken'>('ready');
  const problem = useSignal<Problem | undefined>(undefined);
  const download = async (): Promise<void> => {
    state.value = 'busy';
    try {
      const response = await reach(path, {});
      const address = URL.createObjectURL(await response.blob());
      const link = document.createElement('a');
      link.href = address;
      link.download = `${device}.zip`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(address), 60_000);
      state.value = 'taken';
    } catch (error) {
      problem.value = toProblem(error);
      state.value = 'ready';
    }
  };
  return (
    <>
      <p class="quiet">
        {state.value === 'taken'
          ? 'Downloaded. The server has forgotten the key; a second download is refused.'
          : 'certificate.pem, private-key.pem, ca.pem and a README. Once, within ten minutes.'}
      </p>
      {problem.value && <ProblemNote problem={problem.value} />}
      <Button
        kind="primary"
        icon="download"
        label="Download the bundle"
        disabled={state.value === 'taken'}
        busy={state.value === 'busy'}
        onPress={() => void download()}
      />
    </>
  );
}
