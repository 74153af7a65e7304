import { randomBytes, randomInt } from 'node:crypto';

/** 256 short words that are hard to mistake for one another: eight bits each. */
const WORDS = (
  'acorn amber ankle apple apron arrow aspen atlas badge bagel bamboo banjo barley basil basin beach ' +
  'beaver bench berry birch bishop bison bonnet border bottle bracket branch bread breeze brick bridge brook ' +
  'broom brush bucket buffalo bugle butter button cabin cable cactus camel canal candle canoe canvas canyon ' +
  'carbon cargo carpet castle cedar cellar cello chalk charm cherry chess cider cinema circle citrus clay ' +
  'cliff clover cobalt cocoa comet copper coral cotton cove cradle crane crayon cricket crown crystal curtain ' +
  'daisy dance delta denim desert dial dolphin donkey dove dragon drum dune eagle easel echo elbow ' +
  'ember engine fable falcon feather fern ferry fiddle field finch flame flint flute fossil fountain fox ' +
  'galaxy garden garlic gate ginger glacier glove goose grain granite grape gravel guitar hammer harbor harp ' +
  'hazel helmet hermit heron hill honey horizon ivory jacket jasmine jelly jigsaw jungle kayak kettle kiosk ' +
  'kitten ladder lagoon lantern laurel lemon lens lentil lilac linen lizard llama lobster locket lotus lunar ' +
  'magnet mango maple marble meadow melon mint mirror mitten moss motor mulberry muffin museum nectar needle ' +
  'nickel noodle nutmeg oasis oboe olive onion opal orange orbit orchid otter owl oyster paddle palm ' +
  'panda paper parrot peach pearl pebble pelican pepper piano pigeon pillow pilot pine planet plum pocket ' +
  'pond poppy prism puffin pumpkin quartz quill quilt rabbit radish raft raven reef ribbon river robin ' +
  'rocket rose saddle sage salmon sandal satin saturn scarf shell silver slate sparrow spruce squash stone ' +
  'summit swan tango temple thistle tiger timber tulip tunnel turtle valley vale velvet violet walnut willow'
).split(' ');

/** Random bits of a generated password: four words and a number of 900. SEC-74 asks for 40. */
export const GENERATED_PASSWORD_BITS = 4 * Math.log2(WORDS.length) + Math.log2(900);

/** A password that can be read out and typed: `plum-otter-392-vale-fern`. */
export function generatePassword(): string {
  const [first, second, third, fourth] = Array.from(randomBytes(4), (byte) => WORDS[byte] ?? '');
  return `${first}-${second}-${randomInt(100, 1000)}-${third}-${fourth}`;
}
