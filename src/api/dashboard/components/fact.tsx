import type { ComponentChildren } from 'preact';

export interface FactProps {
  readonly title: string;
  /** Takes the room of two. */
  readonly wide?: boolean;
  readonly children: ComponentChildren;
}

/** One of a list of facts: its name and what it is. Stands in a `dl` of the class `facts`. */
export function Fact({ title, wide = false, children }: FactProps) {
  return (
    <div class={wide ? 'fact fact-wide' : 'fact'}>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  );
}
