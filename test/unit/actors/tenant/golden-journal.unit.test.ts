import { tenantCodec } from '../../../../src/actors/tenant/codec.js';
import { tenantDecider } from '../../../../src/actors/tenant/decider.js';
import { TENANT_EVENT_VERSIONS } from '../../../../src/actors/tenant/events.js';
import { testGoldenJournals } from '../golden-journals.js';

testGoldenJournals({
  concept: 'tenant',
  decider: tenantDecider,
  codec: tenantCodec,
  versions: TENANT_EVENT_VERSIONS,
});
