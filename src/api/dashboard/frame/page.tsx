import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { CopyAs, type CopyAsProps } from '../components/copy-as.js';

export interface PageProps {
  /** The page's only `h1`, and the window's title. */
  readonly title: string;
  /** In place of the plain title, where it needs more than words. */
  readonly heading?: ComponentChildren;
  /** One line below. */
  readonly lead?: ComponentChildren;
  readonly actions?: ComponentChildren;
  /** What the page shows, as a question from a terminal. */
  readonly outside?: CopyAsProps;
  readonly children: ComponentChildren;
}

let first = true;

/** A page's frame. On navigation the focus goes to its heading, so that a reader hears where they are. */
export function Page({ title, heading, lead, actions, outside, children }: PageProps) {
  const h1 = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Fleetlog`;
  }, [title]);
  useEffect(() => {
    // A page that was just loaded starts at the top of the document by itself.
    if (!first) h1.current?.focus();
    first = false;
  }, []);
  return (
    <>
      <div class="page-head">
        <div>
          <h1 ref={h1} tabIndex={-1}>
            {heading ?? title}
          </h1>
          {lead !== undefined && <div class="quiet">{lead}</div>}
        </div>
        {(actions ?? outside) !== undefined && (
          <div class="page-actions">
            {outside && <CopyAs {...outside} />}
            {actions}
          </div>
        )}
      </div>
      <div class="stack">{children}</div>
    </>
  );
}
