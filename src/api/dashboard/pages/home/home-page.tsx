import { Banner } from '../../components/banner.js';
import { useResource } from '../../data/resource.js';
import { fleetlogLine } from '../../format/commands.js';
import { Page } from '../../frame/page.js';
import { ConnectButton } from '../fleet/connect-button.js';
import { useActivity, useSystem } from '../health/system.js';
import { Attention } from './attention.js';
import { Figures } from './figures.js';
import { Ingest } from './ingest.js';
import { JournalNow } from './journal-now.js';
import { RefusedConnects } from './refused-connects.js';
import { readShowcase } from './showcase.js';
import { Tour } from './tour.js';

const SHOWCASE_EVERY_MS = 30_000;

/** Problems first, then how much there is, then what happens. */
export function HomePage() {
  const system = useSystem();
  const activity = useActivity();
  const showcase = useResource(readShowcase, [], SHOWCASE_EVERY_MS).reading.value.data;
  return (
    <Page
      title="Home"
      actions={<ConnectButton />}
      outside={{ question: { path: '/api/v1/system/activity' }, fleetlog: fleetlogLine(['status']) }}
    >
      {showcase?.recorded === true && (
        <Banner>
          The demo replays daily weather of Seattle and New York, recorded from 2012 to 2015:{' '}
          <strong>1 s is one recorded day</strong>, 15 minutes are two years and a half.
        </Banner>
      )}
      {showcase && <Tour device={showcase.device} system={system} />}
      <Attention system={system} activity={activity} />
      <RefusedConnects activity={activity} />
      <Figures activity={activity} />
      <Ingest activity={activity} />
      <JournalNow />
    </Page>
  );
}
