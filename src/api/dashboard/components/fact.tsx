import type { ComponentChildren } from 'preact';

/** One of a list of facts: its name and what it is. Stands in a `dl` of the class `facts`. */
export function Fact({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <div class="fact">
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  );
}
