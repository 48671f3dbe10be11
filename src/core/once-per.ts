/** Makes a value once for each key, and gives the same value from then on. It keeps no key alive. */
export function oncePer<Key extends object, Value> (make: (key: Key) => Value): (key: Key) => Value {
  const made = new WeakMap<Key, Value>()
  return (key) => {
    let value = made.get(key)
    if (value === undefined) {
      value = make(key)
      made.set(key, value)
    }
    return value
  }
}
