import { serveCore } from './discoveryCore';

serveCore(JSON.parse(process.argv[2] ?? '{}') as Record<string, string>);
