import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { Fault } from './fault.js';

export interface PanelProps {
  readonly title: string;
  /** At the right of the title: a figure, a switch, how old the data is. */
  readonly note?: ComponentChildren;
  /** Rows from edge to edge, as tables and timelines have them. */
  readonly flush?: boolean;
  readonly foot?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** A sheet with a title. What fails to draw inside it is caught inside it. */
export function Panel({ title, note, flush = false, foot, children }: PanelProps) {
  const id = useId();
  return (
    <section class="panel" aria-labelledby={id}>
      <div class="panel-head">
        <h2 id={id}>{title}</h2>
        {note !== undefined && <div class="panel-note">{note}</div>}
      </div>
      <div class={flush ? 'panel-flush' : 'panel-body'}>
        <Fault>{children}</Fault>
      </div>
      {foot !== undefined && <div class="panel-foot">{foot}</div>}
    </section>
  );
}
