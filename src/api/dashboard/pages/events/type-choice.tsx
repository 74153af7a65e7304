import { Menu } from '../../components/menu.js';
import { counted } from '../../format/numbers.js';
import { EVENT_TYPES } from './event-types.js';

/** Any of the types of events, several at once. */
export function TypeChoice(props: {
  readonly chosen: readonly string[];
  readonly onChange: (chosen: readonly string[]) => void;
}) {
  const { chosen, onChange } = props;
  const word = chosen.length === 0 ? 'All types' : chosen.length === 1 ? chosen[0] : counted(chosen.length, 'type');
  return (
    <Menu label={word}>
      <div class="type-choice">
        {EVENT_TYPES.map(({ group, types }) => (
          <fieldset key={group}>
            <legend>{group}</legend>
            {types.map((type) => (
              <label key={type} class="check">
                <input
                  type="checkbox"
                  checked={chosen.includes(type)}
                  onChange={({ currentTarget }) =>
                    onChange(currentTarget.checked ? [...chosen, type] : chosen.filter((other) => other !== type))
                  }
                />
                {type}
              </label>
            ))}
          </fieldset>
        ))}
      </div>
    </Menu>
  );
}
