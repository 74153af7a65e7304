import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Button } from '../components/button.js';
import { Dialog } from '../components/dialog.js';
import { Field } from '../components/field.js';
import { ProblemNote } from '../components/problem-note.js';
import { toProblem, type Problem } from '../data/client.js';
import { session, signIn } from '../data/session.js';
import { BrandMark } from './brand.js';

export function SignInPage() {
  useEffect(() => {
    document.title = 'Sign in · Fleetlog';
  }, []);
  return (
    <main class="sign-in">
      <div class="sign-in-sheet">
        <p class="brand">
          <BrandMark />
          Fleetlog
        </p>
        <h1>Sign in</h1>
        <SignInForm name="" />
        <p class="faint">
          The first user is <code>admin</code>; the first start prints the password once.
        </p>
      </div>
    </main>
  );
}

/** Over a page whose session has ended: the page and what was typed into it stay. */
export function SessionDialog() {
  const state = session.value;
  return (
    <Dialog title="Your session has ended">
      <p class="quiet">Sign in again to go on. The page behind keeps what you have typed.</p>
      <SignInForm name={state.state === 'ended' ? state.session.user.name : ''} />
    </Dialog>
  );
}

function SignInForm({ name }: { readonly name: string }) {
  const userName = useSignal(name);
  const password = useSignal('');
  const busy = useSignal(false);
  const problem = useSignal<Problem | undefined>(undefined);
  const submit = async (): Promise<void> => {
    busy.value = true;
    problem.value = undefined;
    try {
      await signIn(userName.value, password.value);
    } catch (error) {
      problem.value = toProblem(error);
      busy.value = false;
    }
  };
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Field label="Name" value={userName} autoComplete="username" required autoFocus={name === ''} />
      <Field
        label="Password"
        value={password}
        type="password"
        autoComplete="current-password"
        required
        autoFocus={name !== ''}
      />
      {problem.value && <ProblemNote problem={problem.value} />}
      <Button kind="primary" submit label="Sign in" busy={busy.value} />
    </form>
  );
}
