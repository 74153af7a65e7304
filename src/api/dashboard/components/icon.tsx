import type icons from '../icons.json';

/** One of the shell's sprite. */
export type IconName = keyof typeof icons;

/** A picture beside a word that says the same; where it stands alone its button carries the name. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" aria-hidden="true">
      <use href={`#icon-${name}`} />
    </svg>
  );
}
