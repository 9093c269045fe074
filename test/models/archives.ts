/** Zip and tar archives, made byte by byte, so that they can hold what no tool would put into one. */
import { crc32, deflateRawSync } from "node:zlib"

export interface ArchiveEntry {
  readonly name: string
  readonly content?: Buffer
  /** Unix mode with its type; absent: a plain file. */
  readonly mode?: number
  /** What a zip's header says instead of the true size. */
  readonly claimedBytes?: number
  /** Of a tar: `0` file, `1` hard link, `2` symbolic link, `3` device, `5` folder. */
  readonly type?: string
  readonly linkTo?: string
}

const empty = Buffer.alloc(0)

export const zipOf = (entries: ReadonlyArray<ArchiveEntry>): Buffer => {
  const locals: Array<Buffer> = []
  const centrals: Array<Buffer> = []
  let offset = 0
  for (const { name, content = empty, mode = 0o100644, claimedBytes } of entries) {
    const packed = deflateRawSync(content)
    const path = Buffer.from(name)
    const sizes = Buffer.alloc(12)
    sizes.writeUInt32LE(crc32(content), 0)
    sizes.writeUInt32LE(packed.length, 4)
    sizes.writeUInt32LE(claimedBytes ?? content.length, 8)
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(20, 4)
    local.writeUInt16LE(8, 8)
    sizes.copy(local, 14)
    local.writeUInt16LE(path.length, 26)
    const central = Buffer.alloc(46)
    central.writeUInt32LE(0x02014b50, 0)
    central.writeUInt16LE((3 << 8) | 20, 4)
    central.writeUInt16LE(20, 6)
    central.writeUInt16LE(8, 10)
    sizes.copy(central, 16)
    central.writeUInt16LE(path.length, 28)
    central.writeUInt32LE((mode << 16) >>> 0, 38)
    central.writeUInt32LE(offset, 42)
    locals.push(local, path, packed)
    centrals.push(central, path)
    offset += local.length + path.length + packed.length
  }
  const directory = Buffer.concat(centrals)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...locals, directory, end])
}

export const tarOf = (entries: ReadonlyArray<ArchiveEntry>): Buffer => {
  const blocks: Array<Buffer> = []
  for (const { name, content = empty, type = "0", linkTo = "", claimedBytes } of entries) {
    const header = Buffer.alloc(512)
    header.write(name, 0, 100)
    header.write("0000644\0", 100)
    header.write("0000000\0", 108)
    header.write("0000000\0", 116)
    header.write(`${(claimedBytes ?? content.length).toString(8).padStart(11, "0")}\0`, 124)
    header.write("00000000000\0", 136)
    header.write("        ", 148)
    header.write(type, 156)
    header.write(linkTo, 157, 100)
    header.write("ustar\x0000", 257)
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148)
    blocks.push(header, content, Buffer.alloc((512 - (content.length % 512)) % 512))
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}
