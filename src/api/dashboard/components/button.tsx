import type { ComponentChildren } from 'preact';
import { may, type Role } from '../data/session.js';
import { Icon, type IconName } from './icon.js';

export interface ButtonProps {
  /** Primary: once per page. Danger: what can not be undone. */
  readonly kind?: 'primary' | 'secondary' | 'quiet' | 'danger';
  readonly icon?: IconName;
  /** The word, or the name of a button that shows its icon alone. */
  readonly label: string;
  readonly iconOnly?: boolean;
  /** Which of many it is meant for, where each row of a list has one: read aloud. */
  readonly about?: string;
  /** Lowest role that may press it; others see it disabled and are told why. */
  readonly needs?: Role;
  readonly disabled?: boolean;
  /** Something is under way: the button waits for it. */
  readonly busy?: boolean;
  readonly submit?: boolean;
  readonly pressed?: boolean;
  readonly onPress?: () => void;
  readonly children?: ComponentChildren;
}

export function Button(props: ButtonProps) {
  const { kind = 'secondary', icon, label, iconOnly = false, needs, busy = false, submit = false, onPress } = props;
  const lacks = needs !== undefined && !may(needs);
  const off = lacks || busy || props.disabled === true;
  const title = lacks ? `Needs ${needs}` : iconOnly ? label : undefined;
  return (
    <button
      type={submit ? 'submit' : 'button'}
      class={iconOnly ? 'button button-icon' : 'button'}
      data-kind={kind}
      // Not `disabled`: that would throw the focus away and keep the reason from being read.
      aria-disabled={off}
      aria-label={iconOnly ? (lacks ? `${label}, needs ${needs}` : label) : undefined}
      aria-busy={busy}
      aria-pressed={props.pressed}
      title={title}
      onClick={(event) => {
        if (off) event.preventDefault();
        else onPress?.();
      }}
    >
      {icon && <Icon name={icon} />}
      {!iconOnly && <span>{label}</span>}
      {props.about !== undefined && <span class="spoken">{props.about}</span>}
      {lacks && !iconOnly && <span class="spoken">needs {needs}</span>}
      {props.children}
    </button>
  );
}
