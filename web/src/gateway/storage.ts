/**
 * What this browser keeps: small values by name, in IndexedDB (it also holds keys that no script can read), in
 * localStorage where IndexedDB is closed (private windows), and in memory when that is closed too.
 */

const DATABASE = "homarus";
const STORE = "kept";

export interface Kept {
  get<T>(name: string): Promise<T | undefined>;
  set(name: string, value: unknown): Promise<void>;
  remove(name: string): Promise<void>;
  /** All values whose names begin so. */
  all<T>(prefix: string): Promise<T[]>;
}

class Indexed implements Kept {
  constructor(private readonly database: IDBDatabase) {}

  get<T>(name: string): Promise<T | undefined> {
    return this.run("readonly", (store) => store.get(name)) as Promise<T | undefined>;
  }
  async set(name: string, value: unknown): Promise<void> {
    await this.run("readwrite", (store) => store.put(value, name));
  }
  async remove(name: string): Promise<void> {
    await this.run("readwrite", (store) => store.delete(name));
  }
  all<T>(prefix: string): Promise<T[]> {
    const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
    return this.run("readonly", (store) => store.getAll(range)) as Promise<T[]>;
  }
  private run(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const transaction = this.database.transaction(STORE, mode);
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error ?? new Error("storage failed"));
    });
  }
}

class Local implements Kept {
  async get<T>(name: string): Promise<T | undefined> {
    const text = localStorage.getItem(`${DATABASE}.${name}`);
    return text === null ? undefined : (JSON.parse(text) as T);
  }
  async set(name: string, value: unknown): Promise<void> {
    localStorage.setItem(`${DATABASE}.${name}`, JSON.stringify(value));
  }
  async remove(name: string): Promise<void> {
    localStorage.removeItem(`${DATABASE}.${name}`);
  }
  async all<T>(prefix: string): Promise<T[]> {
    const names = Object.keys(localStorage).filter((name) => name.startsWith(`${DATABASE}.${prefix}`));
    return names.map((name) => JSON.parse(localStorage.getItem(name)!) as T);
  }
}

export class Memory implements Kept {
  private readonly values = new Map<string, unknown>();
  async get<T>(name: string): Promise<T | undefined> {
    return this.values.get(name) as T | undefined;
  }
  async set(name: string, value: unknown): Promise<void> {
    this.values.set(name, value);
  }
  async remove(name: string): Promise<void> {
    this.values.delete(name);
  }
  async all<T>(prefix: string): Promise<T[]> {
    return [...this.values].filter(([name]) => name.startsWith(prefix)).map(([, value]) => value as T);
  }
}

function openIndexed(): Promise<Kept> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(new Indexed(request.result));
    request.onerror = request.onblocked = () => reject(request.error ?? new Error("storage is closed"));
  });
}

async function open(): Promise<Kept> {
  try {
    return await openIndexed();
  } catch {
    try {
      localStorage.setItem(`${DATABASE}.probe`, "1");
      return new Local();
    } catch {
      return new Memory();
    }
  }
}

let opened: Promise<Kept> | undefined;

/** The storage of this browser; opened once. */
export const kept = (): Promise<Kept> => (opened ??= open());

/** Small settings that are needed before the first paint (theme, language): localStorage, or nothing. */
export const setting = {
  get(name: string): string | null {
    try {
      return localStorage.getItem(`homarus.${name}`);
    } catch {
      return null;
    }
  },
  set(name: string, value: string | null): void {
    try {
      if (value === null) localStorage.removeItem(`homarus.${name}`);
      else localStorage.setItem(`homarus.${name}`, value);
    } catch {
      // A private window: the setting lives as long as the page.
    }
  },
  /** The names that begin so. */
  names(prefix: string): string[] {
    try {
      const begin = `homarus.${prefix}`;
      return Object.keys(localStorage).filter((name) => name.startsWith(begin)).map((name) => name.slice("homarus.".length));
    } catch {
      return [];
    }
  },
};
