import type { EventTail } from '../data/event-tail.js';
import { counted } from '../format/numbers.js';

/** Says what waits while a list is held, and puts it in. First thing inside the element that is `tail.list`. */
export function NewEvents({ tail }: { readonly tail: EventTail }) {
  const waiting = tail.waiting.value;
  return (
    <div class="timeline-more-place">
      {waiting > 0 && (
        <button type="button" class="timeline-more" onClick={tail.show}>
          {counted(waiting, 'new event')}
        </button>
      )}
    </div>
  );
}
