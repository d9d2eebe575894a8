/** Whether no value can be of two schemas at once, as far as it can be told without looking at a value. */
import { canonical, isOfKind, type Open } from './combine.ts';
import type { Fields, Literals, Model } from './model.ts';

/** So deep it is looked: what differs in its depths alone is compared where there are values. */
const depth = 4;

/** Of each two of them: then a union of them is exclusive as it stands. */
export const areAllApart = (models: readonly Model[], open: Open): boolean =>
  models.every((one, index) => models.slice(index + 1).every(other => areApart(one, other, open, depth)));

function areApart(one: Model, other: Model, open: Open, left: number): boolean {
  if (left === 0) return false;
  const isApart = (model: Model, from: Model): boolean => areApart(model, from, open, left - 1);
  if (one.kind === 'nothing' || other.kind === 'nothing') return true;
  if (one.kind === 'anything' || other.kind === 'anything') return false;
  if (one.kind === 'reference') {
    const opened = open(one);
    return opened !== undefined && isApart(opened, other);
  }
  if (one.kind === 'ruled') return areApart(one.of, other, open, left);
  if (one.kind === 'union') return one.options.every(option => isApart(option, other));
  if (one.kind === 'intersection') return one.parts.some(part => isApart(part, other));
  if (['reference', 'ruled', 'union', 'intersection'].includes(other.kind))
    return areApart(other, one, open, left);
  if (one.kind === 'literals') return isNoneOf(one, other);
  if (other.kind === 'literals') return isNoneOf(other, one);
  if (one.kind === 'fields' && other.kind === 'fields') return haveMembersApart(one, other, isApart);
  return wireKind(one) !== wireKind(other);
}

/** Bytes are texts in JSON. */
const wireKind = ({ kind }: Model): string => (kind === 'binary' ? 'text' : kind);

function isNoneOf({ values, isOpen }: Literals, other: Model): boolean {
  if (isOpen) return false;
  if (other.kind !== 'literals') return values.every(value => !isOfKind(value, other));
  if (other.isOpen) return false;
  const known = new Set(other.values.map(canonical));
  return values.every(value => !known.has(canonical(value)));
}

/** Whether there is a member that is always there, and cannot be of both. */
function haveMembersApart(
  one: Fields,
  other: Fields,
  isApart: (model: Model, from: Model) => boolean,
): boolean {
  const names = new Set([...one.fields.keys(), ...other.fields.keys()]);
  return [...names].some(name => {
    const mine = one.fields.get(name);
    const theirs = other.fields.get(name);
    const isThere = mine?.isRequired || theirs?.isRequired;
    return isThere && isApart(mine?.model ?? one.others, theirs?.model ?? other.others);
  });
}
