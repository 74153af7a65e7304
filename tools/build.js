// `npm run build`: compiles and copies, nothing else.
import { runTool } from './steps.js';
import { build } from './setup.js';

await runTool(() => build());
