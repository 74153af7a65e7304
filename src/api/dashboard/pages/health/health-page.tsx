import { fleetlogLine } from '../../format/commands.js';
import { Page } from '../../frame/page.js';
import { Parts } from './parts.js';
import { RelayProof } from './relay-proof.js';
import { Shards } from './shards.js';
import { Subscriptions } from './subscriptions.js';
import { useSystem } from './system.js';

/** How far the journal, the relay and every other reader are, and the proof that Kafka holds the journal. */
export function HealthPage() {
  const system = useSystem();
  const version = system.reading.value.data?.version;
  return (
    <Page
      title="Health"
      lead={version && `Fleetlog ${version}`}
      outside={{ question: { path: '/api/v1/system/status' }, fleetlog: fleetlogLine(['status']) }}
    >
      <RelayProof />
      <div class="columns">
        <Shards system={system} />
        <Parts />
      </div>
      <Subscriptions system={system} />
    </Page>
  );
}
