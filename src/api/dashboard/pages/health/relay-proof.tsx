import { useSignal } from '@preact/signals';
import { Button } from '../../components/button.js';
import { Panel } from '../../components/panel.js';
import { ProblemNote } from '../../components/problem-note.js';
import { Time } from '../../components/time.js';
import { post, toProblem, type Problem, type Schema } from '../../data/client.js';
import { noteFailure } from '../../data/session.js';
import { counted, grouped, milliseconds } from '../../format/numbers.js';

interface Proof {
  readonly report: Schema<'RelayVerification'>;
  readonly at: number;
  readonly tookMs: number;
}

/** Compares the topic with the journal, byte by byte, on demand. */
export function RelayProof() {
  const proof = useSignal<Proof | undefined>(undefined);
  const problem = useSignal<Problem | undefined>(undefined);
  const busy = useSignal(false);
  const verify = async (): Promise<void> => {
    busy.value = true;
    problem.value = undefined;
    const since = performance.now();
    try {
      const report = await post('/api/v1/system/relay/verify');
      proof.value = { report, at: Date.now(), tookMs: performance.now() - since };
    } catch (error) {
      noteFailure(error);
      problem.value = toProblem(error);
    }
    busy.value = false;
  };
  return (
    <Panel
      title="Relay proof"
      note={
        <Button
          kind="primary"
          label={busy.value ? 'Comparing' : 'Verify'}
          needs="operator"
          busy={busy.value}
          onPress={() => void verify()}
        />
      }
    >
      {problem.value && <ProblemNote problem={problem.value} />}
      {proof.value ? (
        <Report {...proof.value} />
      ) : (
        <p class="quiet">
          Reads the whole topic as a consumer with <code>read_committed</code> does, and compares every record with the
          journal: same bytes, same order, each once.
        </p>
      )}
    </Panel>
  );
}

function Report({ report, at, tookMs }: Proof) {
  const { records, gaps, duplicates, inversions, differences, first } = report;
  const faults = gaps + duplicates + inversions + differences;
  const took = tookMs < 1_000 ? 'less than a second' : milliseconds(tookMs).join(' ');
  return (
    <div role="status" class="form">
      <p class="proof">
        <Figure value={records} word="records" />
        <Figure value={gaps} word="gaps" isFault />
        <Figure value={duplicates} word="duplicates" isFault />
        <Figure value={inversions} word="inversions" isFault />
        <Figure value={differences} word="differences" isFault />
      </p>
      <p class={faults === 0 ? 'good' : 'bad'}>
        {faults === 0
          ? 'The topic is the journal, byte for byte.'
          : `${counted(faults, 'difference')}; the first: ${JSON.stringify(first)}`}
      </p>
      <p class="faint">
        Compared <Time at={at} />, in {took}, up to{' '}
        {Object.entries(report.upTo)
          .map(([shard, position]) => `${shard}:${grouped(position)}`)
          .join(' · ')}
      </p>
    </div>
  );
}

function Figure({
  value,
  word,
  isFault = false,
}: {
  readonly value: number;
  readonly word: string;
  readonly isFault?: boolean;
}) {
  return (
    <span class={isFault && value > 0 ? 'proof-figure bad' : 'proof-figure'}>
      {grouped(value)}
      <span>{word}</span>
    </span>
  );
}
