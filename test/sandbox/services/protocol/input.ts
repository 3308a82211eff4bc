import type { ProtocolErrors } from './protocol';

/** What a request says, whichever protocol it came in: query parameters give text, JSON gives typed values. */
export interface InputTree {
  readonly [name: string]: InputValue;
}
export type InputValue = string | number | boolean | null | InputTree | readonly InputValue[] | undefined;

/** Reads a request's members and complains in the protocol's own words. */
export class Input {
  readonly tree: InputTree;
  readonly errors: ProtocolErrors;

  constructor(tree: InputTree, errors: ProtocolErrors) {
    this.tree = tree;
    this.errors = errors;
  }

  text(name: string): string | undefined {
    const value = Object.hasOwn(this.tree, name) ? this.tree[name] : undefined;
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'object') {
      throw this.errors.invalidValue(name, JSON.stringify(value), 'Member must be a scalar');
    }
    return String(value);
  }

  required(name: string): string {
    const value = this.text(name);
    if (value === undefined || value === '') throw this.errors.missingParameter(name);
    return value;
  }

  /** An integer in [min, max], or undefined when absent. */
  integer(name: string, min: number, max: number): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = Number(value);
    const invalid = (constraint: string): Error => this.errors.invalidValue(name, value, `Member must ${constraint}`);
    if (!/^-?\d+$/.test(value)) throw invalid('be an integer');
    if (number < min) throw invalid(`have value greater than or equal to ${min}`);
    if (number > max) throw invalid(`have value less than or equal to ${max}`);
    return number;
  }

  flag(name: string): boolean {
    return this.text(name) === 'true';
  }

  texts(name: string): string[] {
    return this.#list(name).map(String);
  }

  /** A list of structures. */
  groups(name: string): Input[] {
    return this.#list(name).map((item) => {
      if (typeof item !== 'object' || item === null || Array.isArray(item)) {
        throw this.errors.invalidValue(name, JSON.stringify(item), 'Member must be a structure');
      }
      return new Input(item as InputTree, this.errors);
    });
  }

  /** A map of text to lists of text, as the parameters of a session. */
  mapOfTexts(name: string): Record<string, string[]> {
    const value = Object.hasOwn(this.tree, name) ? this.tree[name] : undefined;
    if (value === undefined || value === null) return {};
    if (typeof value !== 'object' || Array.isArray(value)) {
      throw this.errors.invalidValue(name, JSON.stringify(value), 'Member must be a map');
    }
    const map = new Input(value as InputTree, this.errors);
    return Object.fromEntries(Object.keys(map.tree).map((key) => [key, map.texts(key)]));
  }

  /** A map of text to text, as an encryption context. */
  mapOfText(name: string): Record<string, string> {
    const value = Object.hasOwn(this.tree, name) ? this.tree[name] : undefined;
    if (value === undefined || value === null) return {};
    if (typeof value !== 'object' || Array.isArray(value)) {
      throw this.errors.invalidValue(name, JSON.stringify(value), 'Member must be a map');
    }
    const map = new Input(value as InputTree, this.errors);
    return Object.fromEntries(Object.keys(map.tree).map((key) => [key, map.required(key)]));
  }

  #list(name: string): readonly InputValue[] {
    const value = Object.hasOwn(this.tree, name) ? this.tree[name] : undefined;
    // An empty list is `Name=` in the query protocol.
    if (value === undefined || value === null || value === '') return [];
    if (!Array.isArray(value)) throw this.errors.invalidValue(name, JSON.stringify(value), 'Member must be a list');
    return value as readonly InputValue[];
  }
}
