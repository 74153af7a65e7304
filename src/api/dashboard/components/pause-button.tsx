import { paused } from '../data/live.js';
import { Button } from './button.js';

/** Stops everything that moves on its page, and lets it go on. `p` does the same. */
export function PauseButton() {
  return (
    <Button
      icon={paused.value ? 'play' : 'pause'}
      label={paused.value ? 'Go on' : 'Pause'}
      onPress={() => (paused.value = !paused.value)}
    />
  );
}
