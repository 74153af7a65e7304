import { Page } from '../../frame/page.js';
import { useActivity, useSystem } from '../health/system.js';
import { Attention } from './attention.js';
import { Figures } from './figures.js';
import { Ingest } from './ingest.js';
import { JournalNow } from './journal-now.js';

/** Problems first, then how much there is, then what happens. */
export function HomePage() {
  const system = useSystem();
  const activity = useActivity();
  return (
    <Page title="Home">
      <Attention system={system} activity={activity} />
      <Figures activity={activity} />
      <Ingest activity={activity} />
      <JournalNow />
    </Page>
  );
}
