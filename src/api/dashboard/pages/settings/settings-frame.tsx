import type { ComponentChildren } from 'preact';
import { useLocation } from 'preact-iso/router';
import { Empty } from '../../components/empty.js';
import { may, session, type Role } from '../../data/session.js';
import type { CopyAsProps } from '../../components/copy-as.js';
import { fleetlogLine } from '../../format/commands.js';
import { Page } from '../../frame/page.js';

const PAGES = [
  { path: '/settings/preferences', word: 'Preferences' },
  { path: '/settings/sessions', word: 'Sessions' },
  { path: '/settings/users', word: 'Users' },
  { path: '/settings/tokens', word: 'Tokens' },
  { path: '/settings/audit', word: 'Audit' },
] as const;

export interface SettingsFrameProps {
  readonly title: (typeof PAGES)[number]['word'];
  readonly lead: ComponentChildren;
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** The same from a terminal; preferences are in the browser alone. */
const OUTSIDE: Readonly<Record<string, CopyAsProps>> = {
  Sessions: { question: { path: '/api/v1/sessions' }, fleetlog: fleetlogLine(['session', 'ls']) },
  Users: { question: { path: '/api/v1/users' }, fleetlog: fleetlogLine(['user', 'ls']) },
  Tokens: { question: { path: '/api/v1/tokens' }, fleetlog: fleetlogLine(['token', 'ls']) },
  Audit: { question: { path: '/api/v1/audit' }, fleetlog: fleetlogLine(['audit', 'ls']) },
};

/** One of the pages under Settings, with the way to the others. */
export function SettingsFrame({ title, lead, actions, children }: SettingsFrameProps) {
  const { path } = useLocation();
  const outside = OUTSIDE[title];
  return (
    <Page title={title} lead={lead} actions={actions} {...(outside && { outside })}>
      <nav class="tabs" aria-label="Settings">
        {PAGES.map((page) => (
          <a
            key={page.path}
            href={page.path}
            aria-current={page.word === title || page.path === path ? 'page' : undefined}
          >
            {page.word}
          </a>
        ))}
      </nav>
      {children}
    </Page>
  );
}

/** What is read by one role alone: others are told so, and nothing is asked of the server. */
export function Only(props: { readonly role: Role; readonly what: string; readonly children: ComponentChildren }) {
  const { role, what, children } = props;
  const state = session.value;
  if (may(role) || !('session' in state)) return <>{children}</>;
  const { user } = state.session;
  return (
    <section class="panel" aria-label={what}>
      <Empty title={`${what}: needs ${role}.`}>
        <p>
          You are signed in as {user.name}, {user.role}. An {role} can show you what you need, or give you the role.
        </p>
      </Empty>
    </section>
  );
}
