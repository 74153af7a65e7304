const WORDS: Readonly<Record<string, string>> = {
  CERTIFICATE_MISSING: 'It sent no certificate.',
  CERTIFICATE_UNTRUSTED: 'Its certificate is of an unknown authority.',
  CREDENTIAL_EXPIRED: 'Its certificate or token has expired.',
  CREDENTIAL_REVOKED: 'Its certificate or token was revoked.',
  CREDENTIAL_UNKNOWN: 'Its certificate or token is not known.',
  DEVICE_UNKNOWN: 'No device of this name is registered.',
  DEVICE_DISABLED: 'The device is disabled.',
  CLIENT_ID_FORBIDDEN: 'Its client id is not the name in its certificate.',
  CLIENT_ID_INVALID: 'Its client id is not one that may be used.',
  TOPIC_FORBIDDEN: 'Its will is on a topic that it may not use.',
  PROTOCOL_LEVEL: 'It speaks another version of MQTT than 3.1.1.',
  USER_NAME_INVALID: 'Its user name is not one that may be used.',
  RATE_LIMITED: 'It connects too often.',
  JOURNAL_UNAVAILABLE: 'The journal takes nothing at the moment.',
};

/** Why a connect was refused, as a sentence; a code without one is told as it is. */
export function refusalWords(code: string): string {
  return WORDS[code] ?? `Refused: ${code.toLowerCase().replaceAll('_', ' ')}.`;
}
