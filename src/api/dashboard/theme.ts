// Runs before the style sheet is read, so that no page flashes in the other theme. A file of its own: the content security
// policy allows no inline script.
import { applyAppearance, readPreferences } from './data/appearance.js';

applyAppearance(readPreferences());
