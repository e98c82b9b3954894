// Makes gpt2/tokenizer.json, llama3/tokenizer.json and texts.json, the ids that Hugging Face's own JavaScript tokenizers give:
//   npm install @huggingface/tokenizers@0.2.0     (in a folder of its own, with a copy of this file)
//   node make_tokenizers.mjs .../tests/golden/tokenizers
// SPDX-License-Identifier: MIT
import {mkdirSync, writeFileSync} from 'node:fs';
import {Tokenizer} from '@huggingface/tokenizers';

const target = process.argv[2];
const expressions = {
  gpt2: String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
  llama3: String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
};

// Hard texts. Characters that are not in Unicode 15 or that JavaScript's own classes see differently (U+017F) are left out.
const texts = [
  '', ' ', '  ', '\n', '\r\n', '\t', 'a', ' a', '  a', 'a ', 'a  ', '\ta', '\t\ta', '\n\n\na', ' \n a', 'a\n', 'a \n \n b',
  'Hello, world! This is a text of ordinary words; it has commas, dots... and a question?',
  'the theory of the thing that they thought through, and then thanked the others for',
  "I'm sure that you're right, we've seen it, they'll come, she'd say: it's Ann's, isn't it? 's 't",
  "I'M SURE YOU'RE RIGHT WE'VE SEEN THEY'LL SHE'D IT'S ISN'T 'S 'T 'Re 'Ve 'lL", "''s '''t 'x 'sa 'Sa ' s", "don't'll've",
  '0 1 12 123 1234 12345678901234567890 3.14159 1,000,000 007 x1y22z333', '½ ² ³ Ⅻ ① 一二三 ٠١٢٣٤٥ ०१२३४ ๐๑๒๓ 𝟘𝟙𝟚𝟛 ६a७',
  'naïve café, e\u0301 a\u0308\u0323 o\u0302\u0301 Z\u0335\u0321\u032a\u0359a\u0361lgo', 'ﬁ ﬂ ß ẞ İ ı ǅ ʼn ſ',
  '👩‍👩‍👧‍👦 👍🏽 🇩🇪🇫🇷 🏴‍☠️ ❤️‍🔥 😀😃😄', '🧑🏿‍🚀x🧑🏿‍🚀 1️⃣2️⃣ ☎︎☎️',
  'שלום עולם, מה שלומך?', 'مرحبا بالعالم، كيف الحال؟ ١٢٣', '\u202bab\u202c\u200fאב\u200e \u2066x\u2069',
  '你好，世界！今天天气很好。', 'こんにちは、世界。カタカナ ｶﾀｶﾅ 漢字', '안녕하세요 세계 ㄱㄴㄷ', 'สวัสดีชาวโลก', 'नमस्ते दुनिया क्षत्रिय',
  'Привет, мир! Ёлка', 'Γειά σου Κόσμε', 'Ⴀ Ა ა Ꭰ ꭰ ᏸ', '𐐀𐐨 𝔘𝔫𝔦 𓀀𓀁 𒀀 🀄',
  '\u00a0x\u00a0\u00a0y \u2003z\u2003 \u3000w\u3000\u3000', '\u1680\u2000\u2028a\u2029b\u202fc\u205f', '\u200bx\u200b\u2060y\u180e',
  ' \u00a0 a', '\u2028\u2028', 'a\u2028\nb', 'a\u00a0\r\n\u00a0b', '\v\f\r a\v\f', '\r\r\n\n\r', 'x\r\ny\rz\n', '.\n', '.\r\n\r\nA', '!?\n\n\n  b',
  '    def f(x):\n        return x ** 2  # square\n\n\tif (a && b) { c[0] = \'\\n\'; }\n',
  '{"key": [1, 2.5e-3, null, true], "text": "a\\u0062"}', '<p class="x">a&nbsp;b</p>', 'https://example.org/a?b=c&d=%20#e_f',
  'a\0b\0\0c', '\u0001\u001f\u007f\u0080\u009f\u00ad', '\ufffd\ufffe\uffff\u{10ffff}', '\ue000\uf8ff\u{f0000}',
  '------ ====== ______ ***', '...!!!???', '$5 €6 ¥7 £8 %9', 'a_b-c.d/e\\f|g', '“quotes” ‘single’ «guillemets» – — …',
  'CamelCaseWords snake_case_words kebab-case-words SCREAMING', 'x' + ' '.repeat(50) + 'y', '\n'.repeat(30) + 'x', ' \t \t x', 'a' + '\t'.repeat(9),
  '<|endoftext|> <|begin_of_text|><|eot_id|> <|end', 'unreachable whole words here', ' unreachable', 'wholewhole',
];
const repeated = [['a', 700], ['ab', 400], ['the ', 200], ['é', 300], ['🙂', 150], ['1', 500], ["'s", 200], [' \n', 200], ['. ', 300], ['wholly', 150]];

// Random texts from pools of difficult characters; a linear congruential generator makes them the same everywhere.
let state = 12345;
const draw = (count) => (state = (Math.imul(state, 1103515245) + 12345) >>> 0, (state >>> 8) % count);
const pools = ['abcdeghilmnoprstuvw', 'ABSTREVMLD', "'''", '     ', '\n\r\t', '0123456789', '.,;:!?-_()[]{}"#', 'äöüéñçßøå', 'жщыя', 'אבג', 'عرب',
  '中文字', 'かな', '한글', '٠१๓½Ⅻ', '\u0301\u0308\u20e3', '\u200d\ufe0f', '\u00a0\u2003\u3000\u2028', '\u0000\u0007\u007f'].map((pool) => [...pool])
  .concat([['😀', '👩', '🏽', '🇩', '𝟘', '𐐀', '𓀀']]);
for (let k = 0; k < 150; ++k) {
  let text = '';
  for (let parts = 1 + draw(12); parts > 0; --parts) {
    const pool = pools[draw(3) ? draw(7) : draw(pools.length)];
    for (let n = 1 + draw(5); n > 0; --n) text += pool[draw(pool.length)];
  }
  texts.push(text);
}

// The byte-level alphabet, and merges learned from the texts: the most frequent pair first, of equal ones the least.
const alphabet = [];
for (let byte = 0, next = 256; byte < 256; ++byte) {
  const prints = (byte > 32 && byte < 127) || (byte > 160 && byte != 173);
  alphabet.push(String.fromCodePoint(prints ? byte : next++));
}
const characters = (text) => [...Buffer.from(text, 'utf8')].map((byte) => alphabet[byte]);
function learned(expression, count) {
  const counts = new Map();
  const pattern = new RegExp(expression.replace(/\(\?i:([^)]*)\)/, (_, all) => all.replace(/[a-z]/g, (c) => `[${c}${c.toUpperCase()}]`)), 'gu');
  for (const text of texts) for (const word of text.match(pattern) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1);
  const words = [...counts].map(([word, n]) => [characters(word), n]);
  const merges = [];
  while (merges.length < count) {
    const pairs = new Map();
    for (const [word, n] of words) for (let k = 0; k + 1 < word.length; ++k) {
      const pair = word[k] + ' ' + word[k + 1];
      pairs.set(pair, (pairs.get(pair) ?? 0) + n);
    }
    const best = [...pairs].reduce((a, b) => (b[1] > a[1] || (b[1] == a[1] && b[0] < a[0]) ? b : a));
    const [left, right] = best[0].split(' ');
    merges.push([left, right]);
    for (const [word] of words) for (let k = 0; k + 1 < word.length; ++k) {
      if (word[k] == left && word[k + 1] == right) word.splice(k, 2, left + right);
    }
  }
  return merges;
}

const byteLevel = (use_regex) => ({type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex});
const split = (expression) => ({type: 'Sequence', pretokenizers: [
  {type: 'Split', pattern: {Regex: expression}, behavior: 'Isolated', invert: false}, byteLevel(false)]});
const special = (id, content) => ({id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true});
function file(kind, merges, specials, whole) {
  const vocab = {};
  for (const token of [...alphabet.slice().sort(), ...new Set(merges.map((pair) => pair.join(''))), ...whole]) vocab[token] ??= Object.keys(vocab).length;
  const added = specials.map((name, k) => special(Object.keys(vocab).length + k, name));
  if (kind == 'gpt2') vocab[added[0].content] = added[0].id;  // it stands in both places there
  return {version: '1.0', truncation: null, padding: null, added_tokens: added, normalizer: null,
    pre_tokenizer: kind == 'gpt2' ? byteLevel(true) : split(expressions.llama3), post_processor: byteLevel(true), decoder: byteLevel(true),
    model: {type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: kind == 'gpt2' ? '' : null, end_of_word_suffix: kind == 'gpt2' ? '' : null,
      fuse_unk: false, byte_fallback: false, ignore_merges: kind == 'llama3', vocab,
      merges: kind == 'gpt2' ? merges.map((pair) => pair.join(' ')) : merges}};
}
const files = {
  gpt2: file('gpt2', learned(expressions.gpt2, 300), ['<|endoftext|>'], []),
  // Words that no merges lead to: ignore_merges finds them.
  llama3: file('llama3', learned(expressions.llama3, 300),
               ['<|begin_of_text|>', '<|end_of_text|>', '<|start_header_id|>', '<|end_header_id|>', '<|eot_id|>'],
               ['unreachable', 'Ġunreachable', 'whole', 'wholewhole', ...['漢字', ' σου'].map((word) => characters(word).join(''))]),
};

// Text never becomes a special token here, so the reference gets none.
const reference = (json, pre_tokenizer) => new Tokenizer({...json, pre_tokenizer, added_tokens: []}, {});
const references = {gpt2: reference(files.gpt2, files.gpt2.pre_tokenizer), llama3: reference(files.llama3, files.llama3.pre_tokenizer)};
const ids = (kind, text) => references[kind].encode(text, {add_special_tokens: false}).ids;
const one = (text, times = 1) => ({text, ...(times > 1 ? {times} : {}), gpt2: ids('gpt2', text.repeat(times)), llama3: ids('llama3', text.repeat(times))});
const cases = [...texts.map((text) => one(text)), ...repeated.map(([text, times]) => one(text, times))];

for (const [kind, json] of Object.entries(files)) {
  mkdirSync(`${target}/${kind}`, {recursive: true});
  writeFileSync(`${target}/${kind}/tokenizer.json`, JSON.stringify(json, null, 0).replaceAll('],[', '],\n[').replaceAll(',"Ġ', ',\n"Ġ') + '\n');
}
writeFileSync(`${target}/texts.json`, '{"reference": "@huggingface/tokenizers 0.2.0", "cases": [\n' + cases.map((c) => JSON.stringify(c)).join(',\n') + '\n]}\n');
console.log(`${cases.length} texts`);
