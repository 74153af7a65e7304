import { Banner } from '../../components/banner.js';
import { Button } from '../../components/button.js';
import { fleetlogLine } from '../../format/commands.js';
import { Page } from '../../frame/page.js';
import { Controls } from './controls.js';
import { Dialogs } from './dialogs.js';
import { Journal } from './journal.js';
import { States } from './states.js';
import { Words } from './words.js';

/** Every component in every state, for those who build pages and for the pictures of the tests. Development builds only. */
export function GalleryPage() {
  return (
    <main class="content">
      <Page
        title="Gallery"
        lead="Every component, as it looks in this theme."
        actions={<Button kind="primary" label="Primary" />}
        outside={{ question: { path: '/api/v1/devices' }, fleetlog: fleetlogLine(['device', 'ls']) }}
      >
        <Banner onDismiss={() => undefined}>A sentence over a whole page.</Banner>
        <Banner tone="warn">Taken over 3 times in 5 min, from 10.0.0.7 and 10.0.0.8.</Banner>
        <Banner tone="bad">Not acknowledging: devices keep their messages and send again.</Banner>
        <div class="columns columns-even">
          <Controls />
          <Words />
        </div>
        <Journal />
        <States />
        <Dialogs />
      </Page>
    </main>
  );
}
