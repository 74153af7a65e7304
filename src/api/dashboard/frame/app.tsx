import { useEffect } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import lazy, { ErrorBoundary } from 'preact-iso/lazy';
import { LocationProvider, Route, Router } from 'preact-iso/router';
import { Fault } from '../components/fault.js';
import { ProblemNote } from '../components/problem-note.js';
import { Toasts } from '../components/toast.js';
import type { Problem } from '../data/client.js';
import { readSession, session } from '../data/session.js';
import { CertificatesPage } from '../pages/certificates/certificates-page.js';
import { DevicePage } from '../pages/device/device-page.js';
import { EventsPage } from '../pages/events/events-page.js';
import { FleetPage } from '../pages/fleet/fleet-page.js';
import { HealthPage } from '../pages/health/health-page.js';
import { HomePage } from '../pages/home/home-page.js';
import { NotFoundPage } from '../pages/not-found-page.js';
import { AuditPage } from '../pages/settings/audit-page.js';
import { PreferencesPage } from '../pages/settings/preferences-page.js';
import { SessionsPage } from '../pages/settings/sessions-page.js';
import { TokensPage } from '../pages/settings/tokens-page.js';
import { UsersPage } from '../pages/settings/users-page.js';
import { Navigation } from './navigation.js';
import { PageBanners } from './page-banners.js';
import { SessionDialog, SignInPage } from './sign-in.js';
import { Shortcuts } from './shortcuts.js';

/** Pages lie in the first script: cut up they would cost more requests than they save bytes. Pages with editors will not. */
const Gallery = DEVELOPMENT
  ? lazy(async () => (await import('../pages/gallery/gallery-page.js')).GalleryPage)
  : undefined;

/** Who is signed in sees the frame with its pages, everybody else the sign-in page. */
export function App() {
  return (
    <LocationProvider>
      {Gallery && location.pathname === '/_gallery' ? (
        <ErrorBoundary>
          <Gallery />
        </ErrorBoundary>
      ) : (
        <SignedIn />
      )}
      <Toasts />
    </LocationProvider>
  );
}

function SignedIn() {
  const problem = useSignal<Problem | undefined>(undefined);
  const read = async (): Promise<void> => {
    problem.value = undefined;
    problem.value = await readSession();
  };
  useEffect(() => void read(), []);
  switch (session.value.state) {
    case 'unknown':
      return problem.value ? (
        <main class="sign-in">
          <ProblemNote problem={problem.value} onRetry={() => void read()} />
        </main>
      ) : null;
    case 'none':
      return <SignInPage />;
    case 'ended':
    case 'open':
      return <Frame />;
  }
}

function Frame() {
  return (
    <div class="frame">
      <a class="skip-link" href="#content">
        Skip to the content
      </a>
      <Navigation />
      <main id="content" class="content" tabIndex={-1}>
        <PageBanners />
        <Fault>
          <Router>
            <Route path="/" component={HomePage} />
            <Route path="/devices" component={FleetPage} />
            <Route path="/devices/:id" component={DevicePage} />
            <Route path="/events" component={EventsPage} />
            <Route path="/certificates" component={CertificatesPage} />
            <Route path="/health" component={HealthPage} />
            <Route path="/settings" component={PreferencesPage} />
            <Route path="/settings/preferences" component={PreferencesPage} />
            <Route path="/settings/sessions" component={SessionsPage} />
            <Route path="/settings/users" component={UsersPage} />
            <Route path="/settings/tokens" component={TokensPage} />
            <Route path="/settings/audit" component={AuditPage} />
            <Route default component={NotFoundPage} />
          </Router>
        </Fault>
      </main>
      <Shortcuts />
      {session.value.state === 'ended' && <SessionDialog />}
    </div>
  );
}
