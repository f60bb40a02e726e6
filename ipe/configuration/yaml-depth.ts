import { Lexer } from 'yaml';

/** More levels of brackets, or of dashes on one line, than any configuration has. */
const MAX_LEVELS = 16;
/** The lexer puts this before the text of a scalar, which is no bracket whatever it looks like. */
const SCALAR_FOLLOWS = '\u001f';

/**
 * True when a YAML text opens so many levels on a line that its parser, which is recursive, might exhaust the stack.
 * Looks at tokens only. Levels made by indentation are bounded by the size of the text: each costs a longer line.
 */
export function isTooDeep(text: string): boolean {
  let brackets = 0;
  let dashes = 0;
  let scalar = false;
  for (const token of new Lexer().lex(text)) {
    if (scalar) scalar = false;
    else if (token === SCALAR_FOLLOWS) scalar = true;
    else if (token === '[' || token === '{') brackets++;
    else if (token === ']' || token === '}') brackets--;
    else if (token === '-' || token === '?') dashes++;
    else if (token.includes('\n')) dashes = 0;
    if (brackets > MAX_LEVELS || dashes > MAX_LEVELS) return true;
  }
  return false;
}
