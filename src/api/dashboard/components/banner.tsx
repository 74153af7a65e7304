import type { ComponentChildren } from 'preact';
import { Button } from './button.js';
import { Icon } from './icon.js';

export interface BannerProps {
  readonly tone?: 'note' | 'warn' | 'bad';
  readonly onDismiss?: () => void;
  readonly children: ComponentChildren;
}

const ICONS = { note: 'information', warn: 'alert', bad: 'problem' } as const;

/** A sentence over a whole page. */
export function Banner({ tone = 'note', onDismiss, children }: BannerProps) {
  return (
    <div class="banner" data-tone={tone} role={tone === 'bad' ? 'alert' : 'note'}>
      <Icon name={ICONS[tone]} />
      <div class="banner-text">{children}</div>
      {onDismiss && <Button kind="quiet" icon="close" iconOnly label="Dismiss" onPress={onDismiss} />}
    </div>
  );
}
